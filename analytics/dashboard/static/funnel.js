/** The funnel: how many people reach each step. Without a choice it has the usual steps of the types that occur. */

import { h } from "./dom.js";
import { empty, ORDERING, sending } from "./empty.js";
import { typesIn } from "./figures.js";
import { count, share } from "./format.js";
import { FunnelForm } from "./funnel-form.js";
import { isReserved, usualSteps } from "./names.js";
import { Panel } from "./panel.js";
import { FEWEST_STEPS } from "./view.js";

const EXAMPLE = ["page.viewed", "cart.opened"];

/**
 * @param {() => {steps: string[] | null, window: string}} view returns what is chosen
 * @param {(choice: {steps: string[], window: string}) => void} onChoice
 */
export function funnel(view, onChoice) {
  const form = new FunnelForm(onChoice);
  const load = async (snapshot) => {
    const { steps: chosen, window } = view();
    const types = await typesIn(snapshot);
    const steps = chosen ?? usualSteps(types);
    form.show(steps, { choice: JSON.stringify([chosen, window]), window, types });
    if (steps.length < FEWEST_STEPS) return null;
    const { from, to } = snapshot.period;
    return snapshot.ask("funnel", { from, to, step: steps, window });
  };
  return new Panel("funnel", load, show, ({ period }) => nothing(period, view().steps));
}

function show(answer) {
  if (!answer?.steps[0].users) return null;
  const { steps } = answer;
  const first = steps[0].users;
  const items = steps.map(({ type, users }, at) => {
    const text = h("p", {}, type, " ", h("b", {}, count(users)), " ");
    const ofStepBefore = at > 1 ? `, ${share(users, steps[at - 1].users)} of the step before` : "";
    if (at) text.append(h("span", { class: "quiet" }, `${share(users, first)} of all${ofStepBefore}`));
    const part = h("div", { class: "funnel-bar", "aria-hidden": "true" });
    part.style.setProperty("--part", `${(users / first) * 100}%`);
    return h("li", {}, text, part);
  });
  return [h("ol", { class: "funnel-steps" }, ...items)];
}

function nothing(period, steps) {
  if (!steps) return empty(period, "A funnel needs people who did two things. Send two events of one:", sending(EXAMPLE));
  const text = "No one took the first step in this period.";
  if (isReserved(steps[0])) return empty(period, `${text} Only a service publishes it; in development the demo makes some:`, ORDERING);
  return empty(period, `${text} Send it:`, sending(steps));
}
