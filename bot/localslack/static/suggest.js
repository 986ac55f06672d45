// Selects whose options the app knows: what is typed above one is asked about, and what the app offers stands in it, open to be chosen from.

const PAUSE = 200; // milliseconds without a key before the app is asked
const SHOWN = 8;

function offer(select, offered, problem) {
  const kept = [...select.options].filter((one) => one.selected || one.value === "");
  const known = new Set(kept.map((one) => one.value));
  const fresh = offered.filter((one) => !known.has(one.value)).map((one) => {
    const option = new Option(one.text, one.value);
    return [one.group, option];
  });
  const groups = new Map();
  select.replaceChildren(...kept);
  for (const [label, option] of fresh) {
    if (!label) { select.append(option); continue; }
    if (!groups.has(label)) {
      const group = document.createElement("optgroup");
      group.label = label;
      groups.set(label, group);
      select.append(group);
    }
    groups.get(label).append(option);
  }
  if (problem) {
    const note = new Option(problem, "");
    note.disabled = true;
    select.append(note);
  }
  select.size = Math.max(2, Math.min(SHOWN, select.length + groups.size));
}

export function suggesting({ act, placeOf }) {
  const waiting = new WeakMap();

  async function ask(box) {
    const select = box.nextElementSibling;
    const { actionId, blockId } = select.dataset;
    const typed = box.value;
    const answer = await act("suggest", { ...placeOf(box), action_id: actionId, block_id: blockId, value: typed });
    if (!answer.ok || box.value !== typed) return;
    offer(select, answer.options, answer.problem);
    document.getElementById("announce").textContent = answer.problem || `${answer.options.length} results`;
  }

  document.addEventListener("input", (event) => {
    const box = event.target.closest("[data-suggest]");
    if (!box) return;
    clearTimeout(waiting.get(box));
    if (box.value.length >= Number(box.dataset.suggest)) waiting.set(box, setTimeout(() => ask(box), PAUSE));
  });

  document.addEventListener("change", (event) => {
    const box = event.target.previousElementSibling;
    if (!box?.matches("[data-suggest]") || event.target.multiple) return;
    event.target.size = 0;
    box.value = "";
  });
}
