// Checks a signed address, scheme v2 of spec/api-v2.md §9, as emgapiv2/api/signing.py does: one table of vectors
// holds both. The keys come as {"key id": "secret"}, the same document that the API signs with.
import crypto from 'crypto';

const ROOT = '/private-data/';
const LONGEST_SECONDS = 900, CLOCK_SECONDS = 60;
const REFUSED = /%25|%00|%5c|[\\\x00#]/i; // nginx itself would cut the path at a #

function verdict(request) {
    try {
        return judge(request.method, request.variables.request_uri, request.args, Math.floor(Date.now() / 1000));
    } catch (error) { // not UTF-8, or no keys
        return '403';
    }
}

function judge(method, uri, query, now) {
    const asked = uri.split('?')[0];
    if (!asked.startsWith(ROOT) || REFUSED.test(asked)) return '403';
    const path = decodeURIComponent(asked.slice(ROOT.length));
    if (path.split('/').some(part => part === '' || part === '.' || part === '..')) return '403';
    if (Object.keys(query).some(name => Array.isArray(query[name]))) return '403';
    const keys = JSON.parse(process.env.EMG_DOWNLOADS__SIGNING_KEYS);
    const kid = query.kid, expires = query.expires || '';
    if (query.v !== '2' || Object.keys(keys).indexOf(kid) < 0 || !/^[0-9]{10}$/.test(expires)) return '403';
    const lines = ['v2', kid, method === 'HEAD' ? 'GET' : method, path, expires, query.sub || ''];
    const wanted = crypto.createHmac('sha256', keys[kid]).update(lines.join('\n') + '\n').digest('base64url');
    if (!equal(query.sig || '', wanted) || expires > now + LONGEST_SECONDS + CLOCK_SECONDS) return '403';
    return expires < now ? '410' : '204';
}

// In a time that tells nothing of where they differ.
function equal(given, wanted) {
    let differing = given.length ^ wanted.length;
    for (let i = 0; i < wanted.length; i++) differing |= given.charCodeAt(i) ^ wanted.charCodeAt(i);
    return differing === 0;
}

export default { verdict };
