// The audit: who did what by way of this page and its API.
import { html } from "../html.js";
import { useAsked } from "../loading.js";
import { actionsOf, AuditTable } from "../parts/audit_rows.js";
import { Head } from "../parts/head.js";
import { Answered, Empty } from "../parts/notes.js";
import { href } from "../router.js";

const LIMIT = 100;

function NothingDone() {
  return html`<${Empty} title="Nobody did anything by way of this page yet">What is done here is kept with who did it; about 10,000 entries are. Begin with <a class="link" href=${href("dead")}>dead tasks</a>.<//>`;
}

export function Audit({ at }) {
  const after = at.query.get("after");
  const asked = useAsked("/audit", { after, limit: LIMIT });
  return html`<${Head} title="Audit" />
    <section class="panel"><h2>Who did what <small>by way of this page and its API</small></h2><${Answered} asked=${asked}>${(found) => (found.entries.length
      ? html`<${AuditTable} actions=${actionsOf(found.entries)} />`
      : html`<${NothingDone} />`)}<//>
    <div class="pages">${after && html`<a class="link" href=${href("audit")}>First page</a>`}
      ${asked.data?.next && html`<a class="link" href=${href("audit", [], { after: asked.data.next })}>Next page →</a>`}</div></section>`;
}
