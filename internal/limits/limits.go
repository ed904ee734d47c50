// Package limits holds the documented limits of trace agents, with their
// sources. It imports nothing and decides nothing.
package limits

// Limits of the Datadog trace agent.
const (
	// Longer names, services and types are cut by the agent's normaliser
	// (datadog-agent, pkg/trace/agent/normalizer.go and pkg/trace/traceutil/normalize).
	NameBytes    = 100
	ServiceBytes = 100
	TypeBytes    = 100
	// ResourceBytes is where the agent cuts a resource (pkg/trace/agent/truncator.go).
	ResourceBytes = 5000
	// MetaKeyBytes and MetaValueBytes are where it cuts tags (the same file).
	MetaKeyBytes   = 200
	MetaValueBytes = 25000
	MetricKeyBytes = 200
	// PayloadBytes is the default of `apm_config.max_payload_size` (pkg/trace/config).
	PayloadBytes = 25 << 20
	// OldestStartUnixNS is the first of January 2000: the normaliser moves an older start to now.
	OldestStartUnixNS = 946684800 * 1_000_000_000
)
