// Who looks at the page: one who may only read is shown no actions.
import { get, tokenWanted } from "./api.js";
import { makeStore } from "./store.js";

export const visitor = makeStore(null);

export const mayAct = (someone) => someone !== null && someone.role === "operator";

export async function askWhoIAm() {
  try {
    visitor.set(await get("/visitor"));
  } catch {
    // Whatever is wrong, the screens say it; asked again once there is a token.
  }
}

tokenWanted.listen((sentence) => {
  if (!sentence) askWhoIAm();
});
