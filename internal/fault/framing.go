package fault

func framingKinds() []Kind { return nil }
