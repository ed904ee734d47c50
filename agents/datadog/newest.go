//go:build !v0_60_0

package main

import (
	"github.com/DataDog/datadog-agent/pkg/trace/config"
	"github.com/DataDog/datadog-agent/pkg/trace/info"
)

// shutMore switches off what newer versions could reach, too.
func shutMore(c *config.AgentConfig) {
	c.MRFRemoteConfigClient = nil
	c.OpenLineageProxy.Enabled = false
	c.DebuggerIntakeProxy.DDURL = c.DebuggerProxy.DDURL
	c.HasContainerFeatures = false
}

// payloadTimeouts counts payloads whose client or whose time was gone before a
// decoder was free.
func payloadTimeouts(row *info.TagStats) int64 { return row.PayloadTimeout.Load() }
