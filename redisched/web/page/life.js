// The life of a task as spans of time, from what its attempts left behind.

// Spans have a kind, `from` and `to` in ms, and a sentence. Those that are still to come are planned.
export function lifeOf(task) {
  const now = task.now_ms;
  const spans = [];
  const failures = task.failures.length ? task.failures : task.failure ? [task.failure] : [];
  failures.forEach((failure, index) => {
    const isLast = index === failures.length - 1;
    if (failure.due_ms && failure.started_ms && failure.started_ms > failure.due_ms) {
      spans.push({ kind: "ready", from: failure.due_ms, to: failure.started_ms, said: `attempt ${failure.attempt} waited for a worker` });
    }
    if (failure.started_ms && failure.failed_ms) {
      spans.push({ kind: "failed", from: failure.started_ms, to: failure.failed_ms, said: `attempt ${failure.attempt} failed` });
    }
    const next = isLast ? task.run_at_ms : failures[index + 1].due_ms;
    if (failure.failed_ms && next && next > failure.failed_ms && !(isLast && task.state === "dead")) {
      spans.push(...split({ kind: "retrying", from: failure.failed_ms, to: next, said: `waits after attempt ${failure.attempt}` }, now));
    }
  });
  spans.push(...latest(task, failures[failures.length - 1], now));
  return spans.filter((span) => span.to >= span.from);
}

function latest(task, failure, now) {
  const due = task.run_at_ms;
  const wasBefore = failure?.started_ms && task.started_ms && task.started_ms <= failure.started_ms;
  if (task.state === "running" && task.started_ms) {
    return [{ kind: "running", from: task.started_ms, to: now, said: "runs" }];
  }
  if (task.state === "ready" && due) return [{ kind: "ready", from: due, to: now, said: "waits for a worker" }];
  if (task.state === "scheduled" && due) return [{ kind: "scheduled", from: now, to: due, isPlanned: true, said: "waits for its time" }];
  if (task.ended_ms && task.started_ms && !wasBefore && task.state !== "dead") {
    const waited = due && due < task.started_ms && !failure ? [{ kind: "ready", from: due, to: task.started_ms, said: "waited for a worker" }] : [];
    return [...waited, { kind: task.state, from: task.started_ms, to: task.ended_ms, said: task.state }];
  }
  return [];
}

function split(span, now) {
  if (span.to <= now) return [span];
  if (span.from >= now) return [{ ...span, isPlanned: true }];
  return [{ ...span, to: now }, { ...span, from: now, isPlanned: true }];
}
