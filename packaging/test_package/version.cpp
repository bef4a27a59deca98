#include <gcv_edge/version.h>

#include <cstdio>

int main() { std::printf("gcv-edge %s, the core\n", gcv::version()); }
