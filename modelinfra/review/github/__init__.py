"""What is written to GitHub of a review: comments, labels, check runs."""
