// Completion in the message box: slash commands with their first words, and people after an @. A combobox as WAI-ARIA describes it.

function candidates(text, commands, people) {
  const command = /^(\/\S*)(?:\s+(\S*))?$/.exec(text);
  if (command && commands.length) {
    if (command[2] === undefined) {
      const found = commands.filter((one) => one.name.startsWith(command[1]));
      if (found.length && !(found.length === 1 && text === found[0].name)) {
        return found.map((one) => ({ label: one.name, hint: one.description, insert: `${one.name} ` }));
      }
      return [];
    }
    const known = commands.find((one) => one.name === command[1]);
    return (known?.words ?? [])
      .filter((word) => word.startsWith(command[2]) && word !== command[2])
      .map((word) => ({ label: `${known.name} ${word}`, hint: "", insert: `${known.name} ${word} ` }));
  }
  const mention = /(^|\s)@([\w.-]*)$/.exec(text);
  if (!mention) return [];
  return people
    .filter((one) => one.name.startsWith(mention[2].toLowerCase()))
    .map((one) => ({
      label: `@${one.name}`,
      hint: one.real,
      insert: `${text.slice(0, text.length - mention[2].length - 1)}@${one.name} `,
    }));
}

function people() {
  return [...document.querySelectorAll(".who-menu a")].map((link) => ({
    name: new URL(link.href).searchParams.get("user"),
    real: link.querySelector(".who-name").textContent,
  }));
}

export function completing(form) {
  const box = form.querySelector("textarea");
  const list = form.querySelector("[role=listbox]");
  const commands = JSON.parse(box.dataset.commands);
  let found = [];
  let chosen = 0;

  function close() {
    found = [];
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  function draw() {
    list.replaceChildren(...found.map((one, n) => {
      const item = document.createElement("li");
      item.setAttribute("role", "option");
      item.id = `${list.id}-${n}`;
      item.setAttribute("aria-selected", String(n === chosen));
      const label = document.createElement("strong");
      label.textContent = one.label;
      const hint = document.createElement("span");
      hint.textContent = one.hint;
      item.append(label, hint);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); chosen = n; take(); });
      return item;
    }));
    list.hidden = found.length === 0;
    box.setAttribute("aria-expanded", String(found.length > 0));
    if (found.length) {
      box.setAttribute("aria-activedescendant", `${list.id}-${chosen}`);
      list.children[chosen].scrollIntoView({ block: "nearest" });
    }
  }

  function take() {
    box.value = found[chosen].insert;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  box.addEventListener("input", () => {
    box.style.removeProperty("height");
    box.rows = Math.min(10, box.value.split("\n").length);
    form.classList.toggle("filled", box.value.trim() !== "");
    found = candidates(box.value, commands, people());
    chosen = 0;
    if (found.length) draw();
    else close();
  });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (found.length) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        chosen = (chosen + step + found.length) % found.length;
        draw();
        return;
      }
      const whole = found[chosen].insert.trim() === box.value.trim();
      if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && !whole && /^\/\S*$/.test(box.value))) {
        event.preventDefault();
        take();
        return;
      }
      if (event.key === "Escape") { event.preventDefault(); close(); return; }
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      close();
      form.requestSubmit();
    }
  });
}
