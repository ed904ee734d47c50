package results

// Comparison sets targets beside the first of them, by rounds: one run of each target per
// round, in an order that was drawn. Ratios and verdicts speak of a target against the first.
type Comparison struct {
	Targets []ComparedTarget `json:"targets"` // the first is A, what the others are compared with
	// Rounds are those that count: in which every target's run was valid.
	Rounds int `json:"rounds"`
	// Paired says that runs were made in rounds, so that their values can be compared pair by
	// pair; else they are two heaps.
	Paired bool `json:"paired"`
	// Confidence is that of all intervals together, 0.95; Alpha is what is left of the error
	// for one interval, after the correction for all metrics and for all looks.
	Confidence float64 `json:"confidence"`
	Alpha      float64 `json:"alpha"`
	// MinEffect is the least difference that is called one, as a share; MinEffectShare that of
	// metrics that are shares themselves.
	MinEffect      float64 `json:"min_effect"`
	MinEffectShare float64 `json:"min_effect_share"`

	// Plan is what was asked for; a comparison of records on disk has none.
	Plan *ComparisonPlan `json:"plan,omitempty"`
	// Looks are the times at which the verdicts were read.
	Looks []Look `json:"looks"`
	// SpentS is the time that all runs took, and Exhausted says that the budget ended them.
	SpentS    float64 `json:"spent_s"`
	Exhausted bool    `json:"exhausted"`
	// Decided says that no metric of the comparison is undecided.
	Decided bool `json:"decided"`

	Metrics   []ComparedMetric `json:"metrics"`
	Behaviour []Behaviour      `json:"behaviour"`
	// MoreBehaviour is how many other differences there are.
	MoreBehaviour int             `json:"more_behaviour,omitempty"`
	Curves        []ComparedCurve `json:"curves"`
	Runs          []ComparedRun   `json:"runs"` // in the order of time
}

// ComparedTarget is one of the targets, labelled a, b, c, …
type ComparedTarget struct {
	Label   string   `json:"label"`
	Target  string   `json:"target"`        // as it was given
	Set     []string `json:"set,omitempty"` // what was set in it
	Name    string   `json:"name"`
	Version string   `json:"version,omitempty"`
}

// ComparisonPlan is what a comparison needs to be gone on with.
type ComparisonPlan struct {
	ID       string  `json:"id"` // of the comparison; its runs bear it
	Rounds   int     `json:"rounds"`
	BudgetS  float64 `json:"budget_s"` // 0: the rounds asked for and no more
	Capacity bool    `json:"capacity"` // each round searches each target's capacity, too
	// Metrics are those that were asked about; none: all.
	Metrics []string `json:"metrics,omitempty"`
	// CapacityBudgetS is what each of these searches may take, and CapacityHoldS how long a probe holds its rate.
	CapacityBudgetS float64 `json:"capacity_budget_s,omitempty"`
	CapacityHoldS   float64 `json:"capacity_hold_s,omitempty"`
	Seed            uint64  `json:"seed"` // of the order in the rounds, and of their keys
}

// Look is one reading of the verdicts.
type Look struct {
	Rounds int     `json:"rounds"`
	Alpha  float64 `json:"alpha"` // what it may spend, of 1 − confidence, over all metrics
}

// Verdicts about a metric, of a target against A.
const (
	VerdictBetter    = "better"
	VerdictWorse     = "worse"
	VerdictSame      = "same"      // no difference larger than the least effect
	VerdictUndecided = "undecided" // not enough rounds
)

// ComparedMetric is one metric of one target beside A's.
type ComparedMetric struct {
	Name   string `json:"name"`
	Unit   string `json:"unit"`   // ns, s, bytes, share or requests/s
	Target string `json:"target"` // the label of B
	Better string `json:"better"` // lower or higher
	// A and B are medians over the rounds, ASpread and BSpread half the width of their own
	// 95% intervals as a share of them; 0: too few rounds.
	A       float64 `json:"a"`
	B       float64 `json:"b"`
	ASpread float64 `json:"a_spread"`
	BSpread float64 `json:"b_spread"`
	// Ratio is B over A with its interval; of a share it is not there (0), but the difference is.
	Ratio     float64 `json:"ratio"`
	RatioLow  float64 `json:"ratio_low"`
	RatioHigh float64 `json:"ratio_high"`
	// Difference is B − A of a share, with its interval.
	Difference     float64 `json:"difference"`
	DifferenceLow  float64 `json:"difference_low"`
	DifferenceHigh float64 `json:"difference_high"`
	// Bounded is false where there are too few rounds for an interval at all.
	Bounded   bool    `json:"bounded"`
	MinEffect float64 `json:"min_effect"`
	P         float64 `json:"p"` // of no difference at all; not corrected
	N         int     `json:"n"` // rounds with a value of both
	Verdict   string  `json:"verdict"`
	// RoundsNeeded is how many rounds would probably decide an undecided metric; 0: it is
	// decided, or RoundsMost would not do.
	RoundsNeeded int `json:"rounds_needed"`
	// AValues and BValues are those of the rounds, in their order.
	AValues []float64 `json:"a_values"`
	BValues []float64 `json:"b_values"`
}

// RoundsMost is the largest number of rounds that is suggested.
const RoundsMost = 1000

// Behaviour is one thing that targets did differently with the same stream.
type Behaviour struct {
	Target  string `json:"target"`  // the label of B
	Kind    string `json:"kind"`    // death, fate, answer, body, header, rates, forwarded or altered
	Subject string `json:"subject"` // shape checkout, fault trace-id-zero, answers, field resource, …
	A       string `json:"a"`
	B       string `json:"b"`
	// Seq is a request that shows it, in Record: `preview RECORD --payload SEQ` writes its body.
	Seq    uint64 `json:"seq"`
	Record string `json:"record"` // below the folder of this record, or as it was given
}

// ComparedCurve is the curve of response-time percentiles of a target: the median over its
// rounds, and the band in which the middle half of them lies.
type ComparedCurve struct {
	Label  string              `json:"label"`
	Points []ComparedCurvePart `json:"points"`
}

// ComparedCurvePart is one point of the curve, in nanoseconds.
type ComparedCurvePart struct {
	Percentile float64 `json:"percentile"` // 0..100
	Low        float64 `json:"low"`
	Middle     float64 `json:"middle"`
	High       float64 `json:"high"`
}

// ComparedRun is one run of a comparison.
type ComparedRun struct {
	Round  int    `json:"round"` // from 1
	Label  string `json:"label"`
	Record string `json:"record"` // its folder, below that of this record, or as it was given
	// Problem says why its round does not count; empty: it does.
	Problem string `json:"problem,omitempty"`
}
