package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// previewFlags are the flags of `preview`.
type previewFlags struct {
	sets           []string
	payload, trace string
	sample, traces int
	shape, format  string
	tags, failed   bool
}

func (a *app) previewCmd() *cobra.Command {
	var f previewFlags
	cmd := &cobra.Command{
		Use:   "preview SCENARIO|RECORD",
		Short: "Show what would be sent, or what was sent",
		Long: `Preview draws a trace of each shape as a tree, and prints what the scenario
amounts to: sizes of traces and payloads, calls per edge, span types, durations by
service, how much variety an agent gets to see, and all of it beside the agent's
limits. With --format json it prints the figures as JSON (docs/preview.md).

With --payload it writes the body of one request to stdout; with --trace, the
body of the request that carried a trace (or span) of a record, and draws that
trace to stderr. For a record they are the very bytes that were sent. A binary
body is not written to a terminal: there, --trace draws the trace and no more.`,
		Example: `  spanstorm preview web-shop --format json
  spanstorm preview web-shop --shape checkout --failed --tags
  spanstorm preview results/20261121T101500Z-web-shop --trace 4611686018427387904 > body.msgpack`,
		Args:              needs(1, 1, "one SCENARIO or RECORD"),
		ValidArgsFunction: completeScenario,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.preview(args[0], f)
		},
	}
	flags := cmd.Flags()
	setFlag(cmd, &f.sets)
	flags.StringVar(&f.payload, "payload", "", "write the body of request `SEQ` to stdout")
	flags.StringVar(&f.trace, "trace", "", "write the body that carried the trace `ID` to stdout (records only)")
	flags.IntVar(&f.sample, "sample", 1000, "how many requests the figures of payloads are of")
	flags.IntVar(&f.traces, "traces", 0, "take the figures of traces from the first `N` that are sent (default: all templates, weighed, which is exact)")
	flags.StringVar(&f.shape, "shape", "", "draw only this shape")
	flags.BoolVar(&f.tags, "tags", false, "below a trace, show a span of each kind with its tags, metrics and stack")
	flags.BoolVar(&f.failed, "failed", false, "draw the first trace of each shape in which a span fails")
	flags.StringVar(&f.format, "format", "table", "what to print: table or json")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.MarkFlagsMutuallyExclusive("payload", "trace")
	return cmd
}

// subject is what preview looks at: a scenario, or a record with its replay.
type subject struct {
	scenario *scenarios.Scenario
	corpus   *generator.Corpus
	key      identity.Key
	replay   *run.Replay // nil for a scenario
}

func (a *app) preview(arg string, f previewFlags) error {
	if f.sample < 1 || f.sample > 1_000_000 {
		return usageError("--sample %d: look at 1 to 1000000 requests", f.sample)
	}
	if f.traces < 0 || f.traces > 10_000_000 {
		return usageError("--traces %d: look at 1 to 10000000 traces, or at 0 for all templates", f.traces)
	}
	if f.format != "table" && f.format != "json" {
		return usageError("--format %q is not known; write table or json", f.format)
	}
	s, err := openSubject(arg, f.sets)
	if err != nil {
		return err
	}
	switch {
	case f.trace != "":
		return a.previewTrace(s, f.trace)
	case f.payload != "":
		seq, err := strconv.ParseUint(f.payload, 10, 64)
		if err != nil {
			return usageError("--payload %q is not a request's number: 0, 1, 2, …", f.payload)
		}
		return a.previewPayload(s, seq)
	default:
		return a.describe(s, f)
	}
}

// openSubject opens a record if arg is one, else a scenario.
func openSubject(arg string, sets []string) (subject, error) {
	if !isRecord(arg) {
		s, err := loadScenario(arg, sets)
		if err != nil {
			return subject{}, err
		}
		corpus, err := run.Compile(s)
		return subject{scenario: s, corpus: corpus}, err
	}
	if len(sets) > 0 {
		return subject{}, usageError("--set changes scenarios; what %s sent is settled", arg)
	}
	rec, err := results.Read(arg)
	if err != nil {
		return subject{}, err
	}
	replay, err := run.NewReplay(rec)
	if err != nil {
		return subject{}, fmt.Errorf("%s: %w", arg, err)
	}
	return subject{scenario: replay.Scenario, corpus: replay.Corpus, key: replay.Key, replay: replay}, nil
}

// isRecord says that arg is a folder, or a file of JSON.
func isRecord(arg string) bool {
	info, err := os.Stat(arg)
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return false
	}
	return info.IsDir() || filepath.Ext(arg) == ".json"
}

func (a *app) previewTrace(s subject, text string) error {
	if s.replay == nil {
		return usageError("--trace looks an id up in a record: give a record's folder in place of the scenario")
	}
	id, err := parseID(text)
	if err != nil {
		return err
	}
	seq, slot, chunk, err := s.replay.Find(id)
	if err != nil {
		return err
	}
	tree, err := s.tree(seq, slot)
	if err != nil {
		return err
	}
	bodyless := s.scenario.Encoding == scenarios.Msgpack && terminal(a.out)
	to := &lastingWriter{w: a.err}
	if bodyless {
		to.w = a.out
	}
	shape := tree.Shape
	if tree.Fault != "" {
		shape += " with " + tree.Fault
	}
	to.printf("trace %d: the %s in the body of request %d%s; %s, %s\n\n", id, nth(chunk), seq, parts(tree, seq), shape, treeFigures(tree))
	if err := drawTree(to, tree, min(width(to.w), widestPage)); err != nil {
		return err
	}
	to.printf("\n")
	if bodyless {
		_, _ = fmt.Fprintln(a.err, "the body is binary: add '> body.msgpack', or '| xxd', to have it")
		return to.err
	}
	return a.previewPayload(s, seq)
}

// tree is the trace of which the chunk in a slot of a request is: of a record, as it was sent.
func (s subject) tree(seq uint64, slot int) (*generator.Tree, error) {
	if s.replay != nil {
		return s.replay.Tree(seq, slot)
	}
	return s.corpus.Tree(seq, slot)
}

// parts says of a trace that was sent in parts where they are, when this one is in request seq.
func parts(tree *generator.Tree, seq uint64) string {
	if len(tree.Parts) == 0 {
		return ""
	}
	i := slices.IndexFunc(tree.Parts, func(p generator.Part) bool { return p.Sent && p.Seq == seq })
	return fmt.Sprintf(", which is part %d of %d; the trace is sent %s", i+1, len(tree.Parts), inRequests(tree))
}

// inRequests lists the requests that carry a trace.
func inRequests(tree *generator.Tree) string {
	var list []string
	for _, p := range tree.Parts {
		if !p.Sent {
			return fmt.Sprintf("in requests %s; %s would be due after its phase, and never sent", strings.Join(list, ", "), count(len(tree.Parts)-len(list), "part"))
		}
		list = append(list, results.FormatCount(p.Seq))
	}
	return "in requests " + strings.Join(list, ", ")
}

// parseID reads an id in decimal, or in hex after 0x.
func parseID(text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0, usageError("%q is not an id: a number as in ledger.examples, or 0x and 16 hex digits", text)
	}
	return id, nil
}

func nth(i int) string { return fmt.Sprintf("chunk number %d", i+1) }

// previewPayload writes one body to stdout.
func (a *app) previewPayload(s subject, seq uint64) error {
	if s.scenario.Encoding == scenarios.Msgpack && terminal(a.out) {
		return usageError("the body is binary: send it to a file with '> body.msgpack', or on to 'xxd'")
	}
	body, err := s.body(seq)
	if err != nil {
		return err
	}
	_, err = a.out.Write(body)
	return err
}

func (s subject) body(seq uint64) ([]byte, error) {
	if s.replay != nil {
		return s.replay.Body(seq)
	}
	if len(s.scenario.Shapes) == 0 {
		return s.corpus.Services(), nil
	}
	if most := s.corpus.Layout().MaxSeq(); seq >= most {
		return nil, usageError("request %d does not fit: the ids of this scenario reach to %d", seq, most-1)
	}
	return s.corpus.Composer(s.key).Append(nil, seq, time.Now().UnixNano()), nil
}
