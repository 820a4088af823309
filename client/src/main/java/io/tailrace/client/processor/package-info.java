/** The record processor: handlers for the records of a consumer group, with retries. */
package io.tailrace.client.processor;
