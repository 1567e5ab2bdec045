"""The tools as the platform declares them: ours in its words, and how far the two agree."""
