// What a search leads to: a task whose id was given, else the tasks that match.
import { get } from "./api.js";
import { term } from "./filters.js";
import { go, taskHref, tasksHref } from "./router.js";

const ID = /^[!-~]{1,200}$/;

export async function lookUp(text) {
  const wanted = text.trim();
  if (ID.test(wanted) && !/[:*]/.test(wanted)) {
    try {
      const { tasks } = await get("/tasks", { filter: term("id", wanted), limit: 2 });
      if (tasks.length === 1) {
        go(taskHref(tasks[0]));
        return;
      }
    } catch {
      // The screen of tasks says what is wrong.
    }
  }
  go(tasksHref(wanted));
}
