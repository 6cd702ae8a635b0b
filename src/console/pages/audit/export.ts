import { api, answered } from '../../api/client.ts';

/** Saves the events that match as a file of JSON lines. They are told one by one, and kept as they come. */
export async function exportEvents(query: Readonly<Record<string, string>>): Promise<void> {
  const lines = await answered(api.GET('/api/v1/audit-events/export', { params: { query }, parseAs: 'blob' }));
  const address = URL.createObjectURL(lines);
  const link = document.createElement('a');
  link.href = address;
  link.download = 'audit-events.jsonl';
  link.click();
  URL.revokeObjectURL(address);
}
