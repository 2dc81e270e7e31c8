"""The erasure of one customer: who must delete copies, who has, and when it is complete."""
