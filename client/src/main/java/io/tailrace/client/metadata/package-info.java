/** What the client knows of the cluster: who leads what. */
package io.tailrace.client.metadata;
