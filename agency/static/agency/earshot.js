"use strict";
/* What the pages gain from JavaScript; all of them work without it. No eval, no inline handlers, no styles. */
(() => {
  const words = document.body.dataset;
  // The server's clock is the truth: a laptop that runs ten minutes fast must not show a deadline as missed.
  const skew = words.now ? Number(words.now) * 1000 - Date.now() : 0;

  // Mirrors agency/templatetags/words.py.
  function duration(milliseconds) {
    const total = Math.floor(Math.abs(milliseconds) / 1000);
    if (total < 60) return `${total} s`;
    const minutes = Math.floor(total / 60) % 60;
    const hours = Math.floor(total / 3600) % 24;
    const days = Math.floor(total / 86400);
    const units = days ? [[days, "d"], [hours, "h"]] : [[hours, "h"], [minutes, "min"]];
    return units.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`).join(" ");
  }

  function tick() {
    const now = Date.now() + skew;
    // <form data-until="time">: what can't be done any more isn't offered any more.
    for (const form of document.querySelectorAll("form[data-until]")) form.hidden = new Date(form.dataset.until).getTime() <= now;
    for (const stamp of document.querySelectorAll("time[data-due]")) {
      const left = new Date(stamp.dateTime).getTime() - now;
      const text = left < 0 ? words.late.replace("{}", duration(left))
        : left < 1000 ? words.due : words.left.replace("{}", duration(left));
      if (stamp.textContent !== text) stamp.textContent = text;
      const pill = stamp.closest(".pill");
      const kind = left < 0 || pill.matches(".pill--late") ? "late"
        : left <= Number(stamp.dataset.warn) * 1000 ? "warn" : "calm";
      if (pill.matches(`.pill--${kind}`)) continue;
      pill.classList.remove("pill--calm", "pill--warn", "pill--late");
      pill.classList.add(`pill--${kind}`);
      const shape = pill.querySelector("use");
      if (kind === "late") shape.setAttribute("href", shape.getAttribute("href").replace(/#.*/, "#late"));
    }
  }

  // <textarea data-count="id of the output" maxlength or data-limit>
  function count(area) {
    const output = document.getElementById(area.dataset.count);
    if (!output) return;
    const limit = Number(area.dataset.limit || area.maxLength);
    // By code point, as the server counts.
    const length = [...area.value].length;
    output.textContent = limit > 0 ? `${length} / ${limit}` : String(length);
    output.toggleAttribute("data-over", limit > 0 && length > limit);
  }

  // <button data-copy="id of the element whose text or value is copied">
  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    const text = "value" in source ? source.value : source.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No permission, or a page without TLS: select it, so that the person's own copy works.
      getSelection().selectAllChildren(source);
      return;
    }
    const label = button.querySelector("[data-label]") || button;
    const before = label.textContent;
    label.textContent = words.copied;
    setTimeout(() => { label.textContent = before; }, 2000);
  }

  function toggleTheme() {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `earshot_theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  function prepare(root) {
    // On a phone the chosen chip may stand outside of its row.
    for (const chip of root.querySelectorAll(".chip[aria-current]")) {
      const beyond = chip.getBoundingClientRect().right - chip.parentElement.getBoundingClientRect().right;
      if (beyond > 0) chip.parentElement.scrollLeft += beyond;
    }
    for (const hidden of root.querySelectorAll("[data-theme-toggle][hidden], [data-copy][hidden]")) hidden.hidden = false;
    for (const area of root.querySelectorAll("textarea[data-count]")) count(area);
    tick();
    // The answer to a form: whoever reloads it is shown the page, and doesn't send the form again.
    if (root.querySelector("[data-shown-once]")) history.replaceState(null, "", location.href);
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-toggle]")) toggleTheme();
    // <button data-needs="name of a choice">: asked for before the form goes, so that no selection is lost over it.
    const needy = event.target.closest("button[data-needs]");
    if (needy) for (const choice of needy.form.querySelectorAll("select")) choice.required = choice.name === needy.dataset.needs;
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    // One open drop at a time, and a click beside it closes it.
    for (const drop of document.querySelectorAll("details.drop[open], .tabbar details[open]")) {
      if (!drop.contains(event.target)) drop.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const drop = event.target.closest("details.drop[open], .tabbar details[open]");
    if (!drop) return;
    drop.open = false;
    drop.querySelector("summary").focus();
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("input[name=pick]")) return;
    for (const place of document.querySelectorAll("[data-picked]")) {
      place.textContent = document.querySelectorAll("input[name=pick]:checked").length;
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-count]")) count(event.target);
  });

  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    if (token) event.detail.headers["X-CSRFToken"] = token.value;
  });
  // What somebody is selecting isn't taken away from under their hand.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt.id === "results" && elt.querySelector("input[name=pick]:checked")) event.preventDefault();
  });
  document.addEventListener("htmx:load", (event) => prepare(event.target.parentElement || event.target));

  prepare(document);
  setInterval(tick, 1000);
})();
