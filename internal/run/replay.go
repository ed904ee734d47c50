package run

import (
	"fmt"
	"slices"
	"sort"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Replay gives back the bodies of a run from its record: the scenario, seed,
// run key and the phases' starts determine every byte.
type Replay struct {
	Scenario *scenarios.Scenario
	Corpus   *generator.Corpus
	Key      identity.Key
	codec    *identity.Codec
	legs     []leg
	rec      *results.Record
	sampling *generator.Sampling // without marks where no rates were obeyed
	composer *generator.Composer
}

// NewReplay prepares the replay of a record. It fails when this version would
// compose other bytes than the one that made the record.
func NewReplay(rec *results.Record) (*Replay, error) {
	s, err := scenarios.Parse("the record's scenario", rec.Scenario, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the record: %w", err)
	}
	corpus, err := generator.Compile(s)
	if err != nil {
		return nil, fmt.Errorf("reading the record: %w", err)
	}
	if got := corpus.Fingerprint(); got != rec.Fingerprint {
		return nil, fmt.Errorf("the record was made by spanstorm %s, which composed other payloads (corpus %s, here %s): use that version to see its bodies",
			rec.Tool.Version, rec.Fingerprint, got)
	}
	key, err := identity.ParseKey(rec.RunKey)
	if err != nil {
		return nil, fmt.Errorf("reading the record's run key: %w", err)
	}
	legs, err := plan(s, corpus)
	if err != nil {
		return nil, fmt.Errorf("reading the record: %w", err)
	}
	sampling := corpus.Sampling(key, nil, rec.RateMarks)
	return &Replay{
		Scenario: s, Corpus: corpus, Key: key, codec: identity.New(key, corpus.Layout()),
		legs: legs, rec: rec, sampling: sampling, composer: corpus.Composer(key).Obey(sampling),
	}, nil
}

// Body is the body of request seq, byte for byte as it was sent.
func (r *Replay) Body(seq uint64) ([]byte, error) {
	at, err := r.dueUnixNS(seq)
	if err != nil {
		return nil, err
	}
	r.composer.Clock(r.due)
	return stretched(r.composer.Append(nil, seq, at), r.Corpus, r.Scenario.Faults, seq), nil
}

// Tree is the trace of which the chunk in a slot of request seq is, whole, as it was
// sent: with its ids and times, and the priority that the agent's sampling rates left it.
func (r *Replay) Tree(seq uint64, slot int) (*generator.Tree, error) {
	tree, err := r.sampling.Tree(seq, slot)
	if err != nil {
		return nil, err
	}
	at, err := r.dueUnixNS(tree.Seq)
	if err != nil {
		return nil, err
	}
	tree.Stamp(r.codec, at)
	return tree, nil
}

// due is dueUnixNS of a request that was planned.
func (r *Replay) due(seq uint64) int64 {
	at, _ := r.dueUnixNS(seq)
	return at
}

// dueUnixNS is the time of request seq. The error says that it was not planned.
func (r *Replay) dueUnixNS(seq uint64) (int64, error) {
	for i := range r.rec.Phases {
		p := &r.rec.Phases[i]
		if i < len(r.legs) && r.legs[i].traces() && seq >= p.FirstSeq && seq < p.FirstSeq+p.Planned {
			return DueUnixNS(p, r.legs[i].schedule, seq), nil
		}
	}
	return 0, fmt.Errorf("request %d was not planned; this run's requests are %s", seq, r.ranges())
}

// ranges lists the seqs of the run.
func (r *Replay) ranges() string {
	text := ""
	for i := range r.rec.Phases {
		p := r.rec.Phases[i]
		if p.Send == "services" || p.Planned == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d to %d (%s)", p.FirstSeq, p.FirstSeq+p.Planned-1, p.Name)
	}
	if text == "" {
		return "none"
	}
	return text
}

// Find turns a trace id or a span id of the run back into the request that
// carried it, the chunk's slot there, and its place in the body: -1 for one that the
// load does not have, such as a first trace before it. A trace that was sent in
// parts is found by its id where it began, and by a span's where that was sent.
func (r *Replay) Find(id uint64) (seq uint64, slot, place int, err error) {
	ordinal, _, ok := r.codec.Trace(id)
	if !ok {
		if ordinal, _, ok = r.codec.Span(id); !ok {
			return 0, 0, 0, fmt.Errorf("id %d is not of this run: nobody here sent it", id)
		}
	}
	seq, slot = r.Corpus.Layout().Seq(ordinal)
	place = slices.IndexFunc(r.Corpus.Chunks(nil, seq), func(c ledger.Chunk) bool { return c.Ordinal == ordinal })
	return seq, slot, place, nil
}

// DueUnixNS is the time written into the payload of request seq: the moment it
// was due, or, in a closed loop, that of the last time mark before it.
func DueUnixNS(p *results.Phase, timetable schedule.Schedule, seq uint64) int64 {
	if timetable != nil {
		return p.StartedAt.UnixNano() + int64(timetable.Due(seq-p.FirstSeq))
	}
	marks := p.TimeMarks
	after := sort.Search(len(marks), func(i int) bool { return marks[i].Seq > seq })
	if after == 0 {
		return p.StartedAt.UnixNano()
	}
	return marks[after-1].UnixNS
}
