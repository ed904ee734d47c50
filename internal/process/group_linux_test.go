package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// group makes a group for such limits, where this system lets us.
func group(t *testing.T, such Limits) *Group {
	t.Helper()
	g, err := NewGroup(such)
	if err != nil {
		t.Skip("no control group can be made here:", err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		for _, p := range g.parts {
			if _, err := os.Stat(p.folder); err == nil {
				t.Errorf("%s is still there", p.folder)
			}
		}
	})
	return g
}

// However fast the machine, what is limited to a fifth of a CPU uses no more.
func TestGroupLimitsCPU(t *testing.T) {
	limits := Limits{CPUs: 0.2}
	g := group(t, limits)
	c := as("spin")
	c.Group = g
	p, _ := startAndRead(t, c)
	measure := func() float64 {
		before, began := p.Usage().CPUS, time.Now()
		time.Sleep(2 * time.Second)
		return (p.Usage().CPUS - before) / time.Since(began).Seconds()
	}
	if err := g.Limit(limits); err != nil {
		t.Fatal(err)
	}
	limited := measure()
	if err := g.Limit(Limits{}); err != nil {
		t.Fatal(err)
	}
	lifted := measure()
	if limited > 0.3 || lifted < limited {
		t.Errorf("it used %.2f of a CPU with a limit of 0.2, and %.2f without", limited, lifted)
	}
}

// A process that is over the limit is killed, and so is the next in its group; one
// that is killed by somebody else is not taken for one.
func TestGroupLimitsMemory(t *testing.T) {
	limits := Limits{MemoryBytes: 64 << 20}
	g := group(t, limits)
	if err := g.Limit(limits); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c := as("hog")
		c.Group = g
		if e := await(t, start(t, c)); !e.OverMemory || e.Signal != "SIGKILL" || !strings.Contains(e.String(), "memory limit") {
			t.Fatalf("exit %+v", e)
		}
	}
	c := as("polite")
	c.Group = g
	p, _ := startAndRead(t, c)
	if err := p.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e, _ := p.Exit(); e.OverMemory || e.Signal != "SIGKILL" {
		t.Errorf("exit %+v", e)
	}
	if err := g.Limit(Limits{}); err != nil {
		t.Fatal(err)
	}
	c = as("hog")
	c.Group = g
	if e := await(t, start(t, c)); e.OverMemory {
		t.Errorf("without a limit: exit %+v", e)
	}
}

// What is still in a group goes on after its end, without limits.
func TestGroupEndsBeforeItsProcess(t *testing.T) {
	limits := Limits{CPUs: 0.5, MemoryBytes: 256 << 20}
	g := group(t, limits)
	c := as("polite")
	c.Group = g
	p, _ := startAndRead(t, c)
	if err := g.Limit(limits); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.PID()))
	if err != nil || !strings.Contains(string(text), groupPrefix) {
		t.Errorf("%v; it is in\n%s", err, text)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	text, err = os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.PID()))
	if err != nil || strings.Contains(string(text), groupPrefix) {
		t.Errorf("%v; it is in\n%s", err, text)
	}
	if _, ended := p.Exit(); ended {
		t.Error("it ended with its group")
	}
}

// What a run that was killed has left, the next one removes; what belongs to one
// that goes on stays.
func TestGroupsThatWereLeft(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	others := group(t, Limits{CPUs: 1})
	parent := filepath.Dir(others.parts[0].folder)
	left := filepath.Join(parent, fmt.Sprintf("%s%d-LEFT", groupPrefix, gone.ProcessState.Pid()))
	if err := os.Mkdir(left, 0o755); err != nil {
		t.Fatal(err)
	}
	_ = group(t, Limits{CPUs: 1})
	if _, err := os.Stat(left); err == nil {
		t.Errorf("%s is still there", left)
		_ = os.Remove(left)
	}
	if _, err := os.Stat(others.parts[0].folder); err != nil {
		t.Error(err)
	}
}

func TestHierarchies(t *testing.T) {
	for _, c := range []struct {
		name, groups, mounts string
		want                 []hierarchy
	}{
		{
			"version 1",
			"5:cpu,cpuacct:/user\n4:memory:/\n3:name=systemd:/x\n",
			"31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup none rw,cpu,cpuacct\n32 24 0:28 / /sys/fs/cgroup/memory rw - cgroup none rw,memory\n",
			[]hierarchy{
				{top: "/sys/fs/cgroup/cpu,cpuacct", own: "/sys/fs/cgroup/cpu,cpuacct/user", controllers: []string{"cpu", "cpuacct"}},
				{top: "/sys/fs/cgroup/memory", own: "/sys/fs/cgroup/memory", controllers: []string{"memory"}},
			},
		},
		{
			"version 1 in a container",
			"4:memory:/docker/abc/sub\n3:cpu:/docker/other\n",
			"32 24 0:28 /docker/abc /sys/fs/cgroup/memory rw - cgroup none rw,memory\n33 24 0:28 /docker/abc /sys/fs/cgroup/cpu rw - cgroup none rw,cpu\n",
			[]hierarchy{{top: "/sys/fs/cgroup/memory", own: "/sys/fs/cgroup/memory/sub", controllers: []string{"memory"}}},
		},
		{
			"version 2",
			"0::/user.slice/a.scope\n",
			"30 24 0:26 / /no/such/mount rw,nosuid - cgroup2 none rw,nsdelegate\n",
			[]hierarchy{{v2: true, top: "/no/such/mount", own: "/no/such/mount/user.slice/a.scope"}},
		},
		{"version 2 above its namespace", "0::/../x\n", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 none rw\n", nil},
		{"none", "", "22 1 8:1 / / rw - ext4 /dev/sda rw\n", nil},
	} {
		if got := hierarchies(c.groups, c.mounts); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// With version 2, the nearest group that passes the controllers on gets ours below
// it. The kernel would make the files of a group; here they are made up.
func TestGroupVersion2(t *testing.T) {
	top := t.TempDir()
	own := filepath.Join(top, "app.slice", "our.scope")
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(own, 0o755); err != nil {
		t.Fatal(err)
	}
	put(filepath.Join(top, "cgroup.controllers"), "cpuset cpu memory pids\n")
	put(filepath.Join(top, "app.slice", "cgroup.subtree_control"), "cpu memory\n")
	put(filepath.Join(own, "cgroup.controllers"), "cpu\n") // and nobody may pass it on
	h := hierarchy{v2: true, top: top, own: own, controllers: words(top, "cgroup.controllers")}
	if _, err := makeGroup([]hierarchy{h}, []string{"cpu", "io"}); err == nil || !strings.Contains(err.Error(), "io") {
		t.Errorf("a controller that there is not: %v", err)
	}
	g, err := makeGroup([]hierarchy{h}, Limits{CPUs: 1, MemoryBytes: 1}.controllers())
	if err != nil {
		t.Fatal(err)
	}
	if len(g.parts) != 1 || filepath.Dir(g.parts[0].folder) != filepath.Join(top, "app.slice") || !slices.Equal(g.parts[0].controllers, []string{"cpu", "memory"}) {
		t.Fatalf("%+v", g.parts)
	}
	files := []string{"cpu.max", "memory.max", "memory.swap.max", "cgroup.procs"}
	for _, file := range files {
		put(filepath.Join(g.parts[0].folder, file), "")
	}
	put(filepath.Join(g.parts[0].folder, "memory.events"), "max 7\noom 2\noom_kill 3\n")
	holds := func(want ...string) {
		t.Helper()
		for i, file := range files {
			got, err := os.ReadFile(filepath.Join(g.parts[0].folder, file))
			if err != nil || string(got) != want[i] {
				t.Errorf("%s holds %q, %v; want %q", file, got, err, want[i])
			}
		}
	}
	g.add(4711)
	if err := g.Limit(Limits{CPUs: 1.5, MemoryBytes: 200e6}); err != nil {
		t.Fatal(err)
	}
	holds("150000 100000", "200000000", "0", "4711")
	if n := g.kills(); n != 3 {
		t.Errorf("%d kills", n)
	}
	if err := g.Limit(Limits{}); err != nil {
		t.Fatal(err)
	}
	holds("max", "max", "max", "4711")
}
