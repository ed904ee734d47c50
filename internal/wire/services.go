package wire

import (
	"encoding/json"
	"fmt"
)

// Service is what a tracer announces of a service.
type Service struct {
	App     string `json:"app"`
	AppType string `json:"app_type"`
}

// ServicesJSON is the body of PUT /v0.3/services and /v0.4/services: services by name.
func ServicesJSON(services map[string]Service) ([]byte, error) {
	b, err := json.Marshal(services) // in the order of names
	if err != nil {
		return nil, fmt.Errorf("encode %d services: %w", len(services), err)
	}
	return b, nil
}
