-- Run by terminal-editors.test.mjs in Neovim 0.7 or later, with the configuration of docs/editors.md.
local config, server = vim.env.PORTSIDE_CONFIG, vim.env.PORTSIDE_FILE

local function say(...) io.stdout:write(string.format(...), '\n') end
local function name_of(buffer) return vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':.') end
local function await(what, probe)
  assert(vim.wait(120000, probe, 20), 'not within two minutes: ' .. what)
end
local function code_of(diagnostic) return diagnostic.code or diagnostic.user_data.lsp.code end
local function finding(code)
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    if code_of(diagnostic) == code then return diagnostic end
  end
end
local function client() return assert(vim.lsp.get_active_clients()[1], 'no client') end
local function ask(method, params)
  return assert(vim.lsp.buf_request_sync(0, method, params, 100000))[client().id].result
end

vim.lsp.handlers['window/showMessage'] = function(_, said) say('  told: %s', said.message) end

local function open(file)
  vim.cmd('edit ' .. vim.fn.fnameescape(file))
  await('a client for ' .. file, function() return #vim.lsp.buf_get_clients(0) > 0 end)
  say('open %s', name_of(0))
end
local function show(code)
  await(code, function() return finding(code) ~= nil end)
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    say('  line %d: %s (%s)', diagnostic.lnum + 1, code_of(diagnostic), diagnostic.source)
  end
end
local function fix(code, title)
  local diagnostic = finding(code)
  vim.api.nvim_win_set_cursor(0, { diagnostic.lnum + 1, diagnostic.col })
  local params = vim.lsp.util.make_range_params()
  params.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics(0, diagnostic.lnum) }
  for _, action in ipairs(ask('textDocument/codeAction', params)) do
    if action.title == title then
      if not action.edit then action = ask('codeAction/resolve', action) end
      vim.lsp.util.apply_workspace_edit(action.edit, client().offset_encoding)
      say('apply "%s"', title)
    end
  end
  vim.cmd('wall')
  await('the end of ' .. code, function() return finding(code) == nil end)
  say('  saved; %s is gone', code)
end

dofile(config)
open(server)
show('PS101')
fix('PS101', 'Fix: launch via uvicorn CLI')

vim.fn.writefile({ 'VLLM_PORT=8000 vllm serve m' }, 'llm.sh')
open('llm.sh')
show('PS202')
fix('PS202', 'Rename the variable to `PORT`')
say('  %s', vim.fn.readfile('llm.sh')[1])

open('Dockerfile')
vim.fn.search('EXPOSE 8010')
vim.cmd('normal! $')
local params = vim.lsp.util.make_position_params()
params.newName = '8011'
local edit = ask('textDocument/rename', params)
vim.lsp.util.apply_workspace_edit(edit, client().offset_encoding)
vim.cmd('wall')
say('rename 8010 to 8011')
local changed = {}
for uri, edits in pairs(edit.changes) do -- 0.7 knows no other form
  local file = vim.fn.fnamemodify(vim.uri_to_fname(uri), ':.')
  table.insert(changed, string.format('  %s: %d', file, #edits))
end
table.sort(changed)
for _, line in ipairs(changed) do say('%s', line) end

open('start.sh')
vim.lsp.codelens.refresh()
local function lens()
  for _, each in ipairs(vim.lsp.codelens.get(0)) do
    if each.command then return each end
  end
end
await('a lens', lens)
say('  line %d: %s', lens().range.start.line + 1, lens().command.title)
vim.api.nvim_win_set_cursor(0, { lens().range.start.line + 1, 0 })
local said = false
local show_message = vim.lsp.handlers['window/showMessage']
vim.lsp.handlers['window/showMessage'] = function(...)
  said = true
  show_message(...)
end
vim.lsp.codelens.run()
await('what the lens says', function() return said end)

vim.lsp.stop_client(client().id)
await('the end of the server', function() return #vim.lsp.get_active_clients() == 0 end)
say('server ended')
vim.cmd('qa!')
