// Whoever has no pointer scrolls with the keys what the tab key reaches.
const scrolls = ({ target }) => {
  if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
  else target.removeAttribute("tabindex");
};
const sizes = new ResizeObserver((entries) => entries.forEach(scrolls));
for (const element of document.querySelectorAll("pre, table")) sizes.observe(element);

// Over plain HTTP, a browser offers no clipboard, and the buttons stay hidden.
if (navigator.clipboard) {
  const copied = document.getElementById("copied");
  let timer;
  const say = (...words) => {
    clearTimeout(timer);
    copied.replaceChildren(...words);
    timer = setTimeout(() => copied.replaceChildren(), 5000);
  };
  for (const element of document.querySelectorAll(".with-copy")) element.hidden = false;
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const what = button.querySelector(".what").cloneNode(true);
      what.querySelector(".unseen").className = "";
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        say("Copied the ", what);
      } catch {
        say("Could not copy the ", what);
      }
    });
  }
}
