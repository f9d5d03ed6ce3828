"""Who is measured: the fake runtime itself, sagegate, and its peers, one file each."""
