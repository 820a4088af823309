/** How the admin works inside. */
package io.tailrace.client.admin;
