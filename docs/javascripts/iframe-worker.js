"use strict";

/* Pages that are opened as files may start no workers, which the search runs in: here, a hidden frame is one. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.ready = new Promise((done) => (this.frame.onload = done));
      const source = new URL(address, document.baseURI).href.replace(/&/g, "&amp;").replace(/"/g, "&quot;");
      this.frame.srcdoc = `<!DOCTYPE html><script src="${source}"><\/script>`;
      document.body.append(this.frame);
      this.ready.then(() => {
        this.frame.contentWindow.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      });
    }

    async postMessage(data) {
      await this.ready;
      this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
