// What stands in a message's menu and in the composer's: the app's shortcuts, pinning, links, changing one's own messages.

export function menus({ act, toast, confirmed, placeOf, composer }) {
  const doing = {
    async shortcut(button) {
      const row = button.closest("[data-ts]");
      const answer = await act("shortcut", { callback_id: button.dataset.value, ...(row ? placeOf(button) : {}) });
      if (answer.ok && answer.ack.outcome !== "ok") toast("The app did not answer");
    },
    pin: (button) => act("pin", placeOf(button)),
    async copy(button) {
      await navigator.clipboard.writeText(new URL(button.dataset.value, location.href).href);
      toast("Link copied");
    },
    edit(button) {
      const row = button.closest("[data-ts]");
      const form = composer(row);
      const box = form.querySelector("textarea");
      form.dataset.editing = row.dataset.ts;
      form.classList.add("editing");
      box.value = button.dataset.value;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.focus();
      document.getElementById("announce").textContent = "Editing your message. Escape cancels.";
    },
    async erase(button) {
      if (await confirmed(button)) await act("delete", placeOf(button));
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    const menu = button.closest("details");
    menu.open = false;
    menu.querySelector("summary").focus();
    doing[button.dataset.do](button);
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest("details.menu[open], details.who[open], details.overflow[open], details.members[open]");
    if (!menu) return;
    if (event.key === "Escape") {
      event.preventDefault();
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...menu.querySelectorAll("li a, li button, .overflow-menu button")];
    const at = items.indexOf(document.activeElement);
    items[(at + step + items.length) % items.length]?.focus();
  });
}

export function doneEditing(form) {
  delete form.dataset.editing;
  form.classList.remove("editing");
}
