package run

import "github.com/spanstorm/spanstorm/internal/fault"

// reasons are those under which agents count the traces of faults as dropped,
// where they are not the faults' own names.
func reasons(names []string, kinds []fault.Kind) map[string]string {
	out := map[string]string{}
	for i, kind := range kinds {
		if kind.Reason != "" {
			out[names[i]] = kind.Reason
		}
	}
	return out
}
