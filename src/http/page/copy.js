// Without a clipboard, as over plain HTTP, the buttons stay hidden: they could not keep what they say.
if (navigator.clipboard) {
  const said = document.getElementById("said");
  let forget;
  const say = (...parts) => {
    clearTimeout(forget);
    said.replaceChildren(...parts);
    forget = setTimeout(() => said.replaceChildren(), 5000);
  };
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const what = button.querySelector(".what").cloneNode(true);
      what.querySelector(".unseen").className = "";
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        say("Copied the ", what);
      } catch {
        say("The browser did not let this page copy the ", what);
      }
    });
  }
}
