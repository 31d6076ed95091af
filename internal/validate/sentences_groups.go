package validate

// What a person reads on the pages of similar comments.
const (
	GroupTargetMissing = "请选择要并入的组。"
	GroupChanged       = "这一组在您查看之后已有变动，您的操作未执行。请重新查看后再操作。"
)
