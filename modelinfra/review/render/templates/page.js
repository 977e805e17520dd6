(() => {
  const field = document.querySelector(".search");
  if (!field) return;
  field.hidden = false;
  const input = field.querySelector("input"), said = field.querySelector("output");
  const entries = [...document.querySelectorAll("[data-search]")].map((node) => [node, node.textContent.toLowerCase()]);
  const groups = [...document.querySelectorAll("details.component")];
  const opened = groups.map((group) => group.open);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [node, text] of entries) {
      node.hidden = !wanted.every((word) => text.includes(word));
      shown += node.hidden ? 0 : 1;
    }
    groups.forEach((group, index) => {
      const found = group.querySelector("[data-search]:not([hidden])") !== null;
      group.hidden = !found;
      group.open = wanted.length ? found : opened[index];
    });
    said.textContent = wanted.length ? `${shown} found` : "";
  });
})();
