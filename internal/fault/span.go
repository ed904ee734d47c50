package fault

func spanKinds() []Kind { return nil }
