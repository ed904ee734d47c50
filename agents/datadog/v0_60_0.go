//go:build v0_60_0

package main

import (
	"github.com/DataDog/datadog-agent/pkg/trace/config"
	"github.com/DataDog/datadog-agent/pkg/trace/info"
)

// shutMore switches off what only newer versions could reach: nothing here.
func shutMore(*config.AgentConfig) {}

// payloadTimeouts counts payloads whose client or whose time was gone before a
// decoder was free; this version takes no notice of that.
func payloadTimeouts(*info.TagStats) int64 { return 0 }
