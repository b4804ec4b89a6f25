package transactional

// Anomalies are the names of all anomalies.
var Anomalies = severity
