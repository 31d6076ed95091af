package report

// Counted is count, for tests that compare the counters with it.
var Counted = count
