"""Whatever dies, hangs or forgets: nothing is lost and nothing happens twice."""
