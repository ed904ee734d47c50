package versus

func (w *watch) firstAnswers() {}
func (w *watch) rates()        {}
