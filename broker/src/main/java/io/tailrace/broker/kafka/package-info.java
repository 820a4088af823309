/**
 * Kafka's protocol, as a second codec over the services that the native handlers use. The only
 * package that knows Kafka's classes, which are loaded when its listener is on.
 */
package io.tailrace.broker.kafka;
