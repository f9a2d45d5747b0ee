"""What happened in a run, written down by everybody who took part, to be held against what is promised."""
