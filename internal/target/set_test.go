package target

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/agent"
)

// started is a target file whose program is told a little.
const started = `command: [agent, --port, "{{port}}"]
env: {GOMAXPROCS: "1", STATS: "{{statsd}}"}
claims: [{statsd: true}]
url: http://127.0.0.1:{{port}}
`

func TestSetInAFile(t *testing.T) {
	tests := []struct {
		name string
		set  []string
		want func(*file)
	}{
		{"nothing", nil, func(*file) {}},
		{"a variable", []string{"env.GOMAXPROCS=2"}, func(f *file) { f.Env["GOMAXPROCS"] = "2" }},
		{"a new one, with braces", []string{"env.UP={{intake}}/x=y"}, func(f *file) { f.Env["UP"] = "{{intake}}/x=y" }},
		{"an empty one", []string{"env.EMPTY="}, func(f *file) { f.Env["EMPTY"] = "" }},
		{"the last one counts", []string{"env.A=1", "env.A=2", "drain=1s", "drain=2s"}, func(f *file) { f.Env["A"], f.Drain = "2", 2*time.Second }},
		{"arguments add up", []string{"args=--a 1", "args=--b={{debug_port}}"}, func(f *file) {
			f.Command = append(f.Command, "--a", "1", "--b={{debug_port}}")
		}},
		{"keys of the file", []string{"name=two cores", "url=unix://{{socket}}", "health=/ready", "drain=3s", "start_timeout=1m", "stop_timeout=500ms"}, func(f *file) {
			f.Name, f.URL, f.Health = "two cores", "unix://{{socket}}", "/ready"
			f.Drain, f.StartTimeout, f.StopTimeout = 3*time.Second, time.Minute, 500*time.Millisecond
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := writeText(t, started)
			spec := parse(t, path)
			got, err := spec.Set(test.set)
			if err != nil {
				t.Fatal(err)
			}
			want := parse(t, path).file
			if diff := cmp.Diff(want, spec.file, cmpopts.IgnoreUnexported(file{})); diff != "" {
				t.Errorf("what it was made of has changed:\n%s", diff)
			}
			test.want(want)
			if diff := cmp.Diff(want, got.file, cmpopts.IgnoreUnexported(file{})); diff != "" {
				t.Errorf("%v (-want +got):\n%s", test.set, diff)
			}
		})
	}
}

func TestSetDials(t *testing.T) {
	spec := parse(t, "embedded:latency=5ms±1ms,drop=10%,stall=1s+1s")
	got, err := spec.Set([]string{"latency=2ms", "stall=3s+1s", "stall=5s+1s", "capacity=100/s", "drop=0"})
	if err != nil {
		t.Fatal(err)
	}
	want := agent.Dials{
		Latency:  agent.Latency{Mean: 2 * time.Millisecond},
		Stalls:   []agent.Stall{{At: 3 * time.Second, For: time.Second}, {At: 5 * time.Second, For: time.Second}},
		Capacity: 100,
	}
	if diff := cmp.Diff(want, *got.dials); diff != "" {
		t.Errorf("dials (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(parse(t, spec.String()).dials, spec.dials); diff != "" {
		t.Errorf("what it was made of has changed:\n%s", diff)
	}
}

func TestSetRefuses(t *testing.T) {
	unstarted := "url: http://127.0.0.1:8126\n"
	tests := []struct{ name, target, set, want string }{
		{"no assignment", started, "GOMAXPROCS", `"GOMAXPROCS" is no assignment; write PATH=VALUE`},
		{"no path", started, "=2", "is no assignment"},
		{"a slip", started, "drian=2s", `set drian=2s: unknown path "drian"; did you mean drain? what there is: args, env.NAME, name,`},
		{"a slip before a name", started, "evn.A=1", `did you mean env.A?`},
		{"a variable without env", started, "GOMAXPROCS=1", `did you mean env.GOMAXPROCS?`},
		{"unlike any", started, "xyzzy=1", `unknown path "xyzzy"; what there is: args,`},
		{"what only the file says", started, "acceptance=status", `unknown path "acceptance"`},
		{"a variable without a name", started, "env.=1", "write env.NAME=VALUE"},
		{"env as a whole", started, "env=A", "write env.NAME=VALUE"},
		{"no duration", started, "drain=soon", `set drain=soon: drain: "soon" is no duration; try 12s`},
		{"out of range", started, "stop_timeout=2h", "out of range"},
		{"empty", started, "name=", "name is empty"},
		{"no URL", started, "url=https://a:1", `"https" is not spoken`},
		{"no page", started, "health=ftp://a", "no URL of a page"},
		{"an unknown brace", started, "env.A={{prot}}", "unknown {{prot}}; did you mean port?"},
		{"an unknown brace in arguments", started, "args=-x {{prot}}", "unknown {{prot}}; did you mean port?"},
		{"an open quote", started, "args='a", "a quote (') is not closed"},
		{"a lone backslash", started, `args=a\`, "escapes nothing"},
		{"no words", started, "args= ", "args holds no word"},
		{"what the file needs", started, "env.STATS=no", "{{statsd}} is nowhere used"},
		{"arguments of none", unstarted, "args=-x", "has no command, so nothing is started"},
		{"a variable of none", unstarted, "env.A=1", "has no command, so nothing is started"},
		{"a brace without a command", unstarted, "url=http://127.0.0.1:{{port}}", "there is no command that could be told about it"},
		{"an unknown dial", "embedded", "latncy=5ms", `unknown path "latncy"; did you mean latency? what there is: listen, intake,`},
		{"a dial that is none", "embedded", "latency=long", `invalid dial latency=long: "long" is not a duration; try latency=5ms`},
		{"a URL", "http://127.0.0.1:8126", "drain=1s", "nothing to set in an agent that runs already"},
		{"a socket", "unix:///run/apm.socket", "latency=5ms", "nothing to set in an agent that runs already"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			arg := test.target
			if strings.Contains(arg, "\n") {
				arg = writeText(t, arg)
			}
			_, err := parse(t, arg).Set([]string{test.set})
			if err == nil || !strings.HasPrefix(err.Error(), "target "+arg+": ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want … %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %v", err)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	tests := map[string][]string{
		"a":                           {"a"},
		"  a \t b\nc ":                {"a", "b", "c"},
		`--x='a b' "c  d"`:            {"--x=a b", "c  d"},
		`a\ b \' \\`:                  {"a b", "'", `\`},
		`'a\b' "a\"b" "it's" '"'`:     {`a\b`, `a"b`, "it's", `"`},
		`'' "" a""b`:                  {"", "", "ab"},
		"größe=1 --näher 'vom Feind'": {"größe=1", "--näher", "vom Feind"},
	}
	for text, want := range tests {
		if got, err := split(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "words")
		quoted := make([]string, len(words))
		for i, w := range words {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		if got, err := split(strings.Join(quoted, " ")); err != nil || !slices.Equal(got, words) {
			t.Fatalf("%q became %q, %v", words, got, err)
		}
	})
}

// What is set reaches the program.
func TestSetIsStarted(t *testing.T) {
	sets := []string{"env.GREETING=good evening", "args=-intake 'http://127.0.0.1:9 x'"}
	spec, err := parse(t, writeFile(t, "good", "")).Set(sets)
	if err != nil {
		t.Fatal(err)
	}
	target, err := spec.Start(t.Context(), Env{Intake: "http://127.0.0.1:4"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.abandon)
	page, err := target.endpoint.get(t.Context(), "/info")
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"greeting": "good evening", "intake": "http://127.0.0.1:9 x"} {
		if got, err := textAt(page.body, []string{key}); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", key, got, err, want)
		}
	}
	if diff := cmp.Diff(sets, target.Info().Set); diff != "" {
		t.Errorf("set, in the record (-want +got)\n%s", diff)
	}
	if command := target.Info().Command; command[0] != os.Args[0] || len(command) != 7 {
		t.Errorf("command %q", command)
	}
}
