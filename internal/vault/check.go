package vault

// checkIndex is the row of table key_check that stands for the index key.
const checkIndex = "index"
