// Runs before anything is drawn, so that a chosen theme does not flash.
try {
  const chosen = localStorage.getItem("redisched.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // A browser that stores nothing goes by the system.
}
