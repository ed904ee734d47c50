package target

import (
	"errors"

	"github.com/spanstorm/spanstorm/internal/process"
)

// join makes the group that the target is to be started in, if it will be limited.
// That there is none is for Limit to say.
func (t *Target) join(such process.Limits) {
	if such != (process.Limits{}) {
		t.group, t.noGroup = process.NewGroup(such)
	}
}

// Limit sets what the target may use from now on, its children included; zero
// figures lift. Only what [Env] spoke of can be limited. The limit holds for what
// [Target.Restart] starts, too.
func (t *Target) Limit(l process.Limits) error {
	return t.do("limit", func(*process.Lives) error {
		switch {
		case t.noGroup != nil:
			return t.noGroup
		case t.group == nil:
			return errors.New("it was started where nothing can be limited")
		}
		return t.group.Limit(l)
	})
}
