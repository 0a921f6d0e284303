// Swagger UI has a dark look of its own, by a class: it follows the theme that was chosen, else the device's.
(() => {
  "use strict";
  const root = document.documentElement;
  const device = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : device.matches;
    root.classList.toggle("dark-mode", dark);
  };
  device.addEventListener("change", follow);
  new MutationObserver(follow).observe(root, { attributeFilter: ["data-theme"] });
  follow();
})();
