package process

// Usage is what a process has used, as the operating system counted it.
// Descendants count only after their end, and only if the process waited for them.
type Usage struct {
	// CPUS is CPU time in seconds, user and system together.
	CPUS float64
	// RSSBytes is the memory it holds now; 0 after its end.
	RSSBytes uint64
	// RSSMaxBytes is the most memory it has held.
	RSSMaxBytes uint64
	// Threads and FDs are the threads and the open file descriptors that it has
	// now; 0 where the system does not tell, and after its end.
	Threads, FDs uint64
	// ThreadsMax and FDsMax are the most of them that were seen.
	ThreadsMax, FDsMax uint64
}

// upTo is the later of two readings, made safe against counters that differ
// in resolution: what accumulates never goes back.
func (u Usage) upTo(later Usage) Usage {
	return Usage{
		CPUS:        max(u.CPUS, later.CPUS),
		RSSBytes:    later.RSSBytes,
		RSSMaxBytes: max(u.RSSMaxBytes, later.RSSMaxBytes, later.RSSBytes),
		Threads:     later.Threads,
		FDs:         later.FDs,
		ThreadsMax:  max(u.ThreadsMax, later.Threads),
		FDsMax:      max(u.FDsMax, later.FDs),
	}
}

// plus is what a process has used together with one that came after it.
func (u Usage) plus(next Usage) Usage {
	return Usage{
		CPUS:        u.CPUS + next.CPUS,
		RSSBytes:    next.RSSBytes,
		RSSMaxBytes: max(u.RSSMaxBytes, next.RSSMaxBytes),
		Threads:     next.Threads,
		FDs:         next.FDs,
		ThreadsMax:  max(u.ThreadsMax, next.ThreadsMax),
		FDsMax:      max(u.FDsMax, next.FDsMax),
	}
}
