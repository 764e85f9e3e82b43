"""The reference engines: the very code that the learner builds, kept for comparison."""
