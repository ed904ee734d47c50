package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Event is something that is done on purpose while the load goes on: to the
// intake behind the agent, to the agent, or to the connections to it. Exactly one
// of Intake, Agent and Connections is set.
type Event struct {
	Name string `json:"name" doc:"Name in reports. Default: what happens to what."`
	// Phase and At are counted by the timetable: as if each phase began when the one before it was to end.
	Phase string   `json:"phase,omitempty" doc:"The phase from whose beginning at is counted. Default: the first."`
	At    Duration `json:"at" lang:"required" doc:"When it begins."`
	For   Duration `json:"for,omitempty" doc:"How long it lasts. Required for what happens to the intake and for agent: pause and limit; with agent: kill the time until the agent is started again."`

	Intake IntakeTrouble `json:"intake,omitempty" lang:"enum=slow|hang|refuse|answer|reset" doc:"What the intake does: slow (it answers later, by), hang (it answers when the event is over), refuse (nothing listens), answer (with a code, code), reset (it closes connections)."`
	By     Duration      `json:"by,omitempty" doc:"How much later a slow intake answers."`
	Code   int           `json:"code,omitempty" lang:"min=300;max=599;such=503" doc:"What the intake answers with. Default 429."`
	Share  Share         `json:"share,omitempty" doc:"Share of the requests to the intake that meet answer or reset, evenly spread. Default 100%."`

	Agent  AgentTrouble `json:"agent,omitempty" lang:"enum=pause|kill|restart|limit" doc:"What happens to an agent that was started here: pause (SIGSTOP, and SIGCONT when the event is over), kill (SIGKILL; with for it is started again after that time, without it the run ends), restart (it is asked to end, and started again), limit (by a control group, to cpu and memory)."`
	CPU    CPUs         `json:"cpu,omitempty" doc:"How much CPU time a limited agent has: a number of CPUs, or a percentage of one."`
	Memory Size         `json:"memory,omitempty" doc:"How much memory a limited agent has; the kernel kills it when it needs more."`

	Connections ConnectionTrouble `json:"connections,omitempty" lang:"enum=cut" doc:"What happens to the connections of the tracers: cut (all are closed, whatever is on its way)."`
}

// IntakeTrouble is what an intake does in an event.
type IntakeTrouble string

// What an intake can do.
const (
	IntakeSlow   IntakeTrouble = "slow"
	IntakeHang   IntakeTrouble = "hang"
	IntakeRefuse IntakeTrouble = "refuse"
	IntakeAnswer IntakeTrouble = "answer"
	IntakeReset  IntakeTrouble = "reset"
)

// AgentTrouble is what happens to an agent in an event.
type AgentTrouble string

// What can happen to an agent.
const (
	AgentPause   AgentTrouble = "pause"
	AgentKill    AgentTrouble = "kill"
	AgentRestart AgentTrouble = "restart"
	AgentLimit   AgentTrouble = "limit"
)

// ConnectionTrouble is what happens to connections in an event.
type ConnectionTrouble string

// CutConnections closes all of them.
const CutConnections ConnectionTrouble = "cut"

// Effect says what happens, for people.
func (e *Event) Effect() string {
	switch {
	case e.Intake == IntakeSlow:
		return fmt.Sprintf("the intake answers %s later", e.By)
	case e.Intake == IntakeAnswer:
		return fmt.Sprintf("the intake answers %d", e.Code) + e.part()
	case e.Intake == IntakeReset:
		return "the intake resets connections" + e.part()
	case e.Agent == AgentKill && e.For > 0:
		return fmt.Sprintf("the agent is killed, and started again %s later", e.For)
	case e.Agent == AgentLimit:
		var to []string
		if e.CPU > 0 {
			to = append(to, "CPU time to "+e.CPU.String())
		}
		if e.Memory > 0 {
			to = append(to, "memory to "+e.Memory.String())
		}
		return "the agent is limited: " + strings.Join(to, ", ")
	}
	return map[string]string{
		"hang": "the intake answers nothing", "refuse": "the intake refuses connections",
		"pause": "the agent is paused", "kill": "the agent is killed", "restart": "the agent is stopped and started again",
		"cut": "all connections to the agent are cut",
	}[string(e.Intake)+string(e.Agent)+string(e.Connections)]
}

// part says which part of the requests meet an event; nothing if all do.
func (e *Event) part() string {
	if e.Share == 0 || e.Share == 1 {
		return ""
	}
	return fmt.Sprintf(" to %s of the requests", e.Share)
}

// eventName is what event i is called by default: as nobody else is, by number where needed.
func (s *Scenario) eventName(i int) string {
	label := s.Events[i].label()
	name := label
	for n := 2; slices.ContainsFunc(s.Events, func(o Event) bool { return o.Name == name }); n++ {
		name = fmt.Sprintf("%s %d", label, n)
	}
	return name
}

// label says what happens to what.
func (e *Event) label() string {
	switch {
	case e.Intake == IntakeAnswer:
		return fmt.Sprintf("intake %d", e.Code)
	case e.Intake != "":
		return "intake " + string(e.Intake)
	case e.Agent != "":
		return "agent " + string(e.Agent)
	}
	return "connections " + string(e.Connections)
}

// EventAt is when event i begins, counted from the begin of the load.
func (s *Scenario) EventAt(i int) time.Duration {
	at := s.Events[i].At
	if name := s.Events[i].Phase; name != "" {
		for k := range s.Load {
			if s.Load[k].Name == name {
				break
			}
			at += s.Load[k].For
		}
	}
	return time.Duration(at)
}
