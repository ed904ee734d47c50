package results

import (
	"encoding/json"
	"testing"
)

// An hour's record is encoded every 5 s during its run; the baseline is
// encoding/json on the record as it is.
func BenchmarkEncodeAnHour(b *testing.B) {
	rec := sample()
	for i := range 3600 {
		row := rec.Seconds[0]
		row.T = i
		rec.Seconds = append(rec.Seconds, row)
	}
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			data, err := Encode(rec)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
		}
	})
	b.Run("baseline=json", func(b *testing.B) {
		for b.Loop() {
			data, err := json.MarshalIndent(rec, "", "  ")
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
		}
	})
}
