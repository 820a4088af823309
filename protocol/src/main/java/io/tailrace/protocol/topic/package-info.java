/** Topics as brokers and clients agree on them. */
package io.tailrace.protocol.topic;
