// Over plain HTTP, a browser offers no clipboard, and the buttons stay hidden.
if (navigator.clipboard) {
  const copied = document.getElementById("copied");
  let timer;
  const say = (...words) => {
    clearTimeout(timer);
    copied.replaceChildren(...words);
    timer = setTimeout(() => copied.replaceChildren(), 5000);
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
        say("The browser did not copy the ", what);
      }
    });
  }
}
