// The screens: their names, their keys, and what draws them.
import { Audit } from "./screens/audit.js";
import { Dead } from "./screens/dead.js";
import { Overview } from "./screens/overview.js";
import { Schedules } from "./screens/schedules.js";
import { Task } from "./screens/task.js";
import { Tasks } from "./screens/tasks.js";
import { Workers } from "./screens/workers.js";

export const PLACES = [
  { screen: "overview", title: "Overview", key: "g o", draw: Overview },
  { screen: "tasks", title: "Tasks", key: "g t", draw: Tasks },
  { screen: "dead", title: "Dead", key: "g d", draw: Dead },
  { screen: "workers", title: "Workers", key: "g w", draw: Workers },
  { screen: "schedules", title: "Schedules", key: "g s", draw: Schedules },
];
export const HIDDEN_PLACES = [
  { screen: "task", title: "Task", under: "tasks", draw: Task },
  { screen: "audit", title: "Audit", under: "overview", draw: Audit },
];
