/** How a consumer works inside: fetching ahead, decoding, positions. */
package io.tailrace.client.consumer;
