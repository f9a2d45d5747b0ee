"""Actions of the API: what they are about, counting it, ten seconds to undo, doing it, and the audit."""
