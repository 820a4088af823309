/** Health and metrics over HTTP. */
package io.tailrace.broker.http;
