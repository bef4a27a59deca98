"""From PyTorch: modules of gluoncv-torch and of the user's own. Needs the extra [torch]."""
