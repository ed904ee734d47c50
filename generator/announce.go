package generator

import (
	"encoding/json"
	"fmt"
)

// announce makes the body of PUT /v0.3/services and /v0.4/services: what a tracer
// announces of each service, by name.
func (c *Corpus) announce() error {
	type service struct {
		App     string `json:"app"`
		AppType string `json:"app_type"`
	}
	announced := map[string]service{}
	for name, svc := range c.catalogue.Services() {
		announced[name] = service{App: svc.App, AppType: svc.Type}
	}
	var err error
	if c.services, err = json.Marshal(announced); err != nil { // in the order of names
		return fmt.Errorf("encode %d services: %w", len(announced), err)
	}
	return nil
}
